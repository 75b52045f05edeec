// Reads, writes, batches and pages through a sandbox with the official JavaScript SDK, and prints what it saw.
// Usage: node b24jssdk.mjs <webhook url>   (the authority's certificate in NODE_EXTRA_CA_CERTS)
import { ApiVersion, B24Hook, BatchRefV3, FilterV3 } from '@bitrix24/b24jssdk'

const b24 = B24Hook.fromWebhookUrl(process.argv[2])
b24.offClientSideWarning()
const { v2, v3 } = b24.actions
const seen = {}

const dataOf = (response) => {
  if (!response.isSuccess) throw new Error(response.getErrorMessages().join('; '))
  return response.getData()
}
const call = async (method, params) => dataOf(await v2.call.make({ method, params })).result
const codeOf = async (work) => {
  try {
    const response = await work()
    return response.isSuccess ? 'no error' : [...response.getErrors()][0].code
  } catch (error) {
    return error.code
  }
}

// read and write, version 2
seen.profile = (await call('profile', {})).ID
const title = 'Сделка & <b>ко</b> + 100% [1]'
const deal = (await call('crm.item.add', { entityTypeId: 2, fields: { title, opportunity: 1500.5 } })).item
seen.title = deal.title
seen.opportunity = deal.opportunity
seen.updated = (await call('crm.item.update', { entityTypeId: 2, id: deal.id, fields: { title: 'Б' } })).item.title
seen.notFound = await codeOf(() => v2.call.make({ method: 'crm.item.get', params: { entityTypeId: 2, id: 999999 } }))
seen.badFilter = await codeOf(() =>
  v2.call.make({ method: 'crm.item.list', params: { entityTypeId: 2, filter: { nonsense: 1 } } }))

// batches, version 2: as an array, by name, with a reference, in chunks, with an error inside
// (one with a code: the SDK overlooks errors whose code is the empty string, as legacy methods give them)
const names = Array.from({ length: 120 }, (_, index) => `Имя ${index}`)
const added = dataOf(await v2.batchByChunk.make({
  calls: names.map((NAME) => ['crm.contact.add', { fields: { NAME, PHONE: [{ VALUE: '+79001234567', VALUE_TYPE: 'WORK' }] } }]),
  options: { isHaltOnError: true }
}))
seen.added = added.length
const named = dataOf(await v2.batch.make({
  calls: {
    first: { method: 'crm.contact.get', params: { ID: added[0] } },
    again: ['crm.contact.get', { ID: '$result[first][ID]' }]
  },
  options: { isHaltOnError: true }
}))
seen.referred = named.again.NAME
const mixed = await v2.batch.make({
  calls: { good: ['crm.contact.get', { ID: added[1] }], bad: ['crm.item.get', { entityTypeId: 3, id: 999999 }] },
  options: { isHaltOnError: false, returnAjaxResult: true }
})
const { good, bad } = mixed.getData()
seen.mixed = [good.isSuccess, bad.isSuccess, bad.getErrorMessages()[0]]

// pages, version 2
const listed = dataOf(await v2.callList.make({
  method: 'crm.item.list',
  params: { entityTypeId: 3, select: ['id', 'name'] },
  idKey: 'id',
  customKeyForResult: 'items'
}))
seen.listed = new Set(listed.map((each) => each.id)).size
let fetched = 0
for await (const page of v2.fetchList.make({
  method: 'crm.contact.list', params: { select: ['ID'] }, idKey: 'ID'
})) fetched += page.length
seen.fetched = fetched
const first = await v2.call.make({ method: 'crm.contact.list', params: { select: ['ID'], order: { ID: 'ASC' } } })
const second = await first.getNext(b24.getHttpClient(ApiVersion.v2))
seen.paged = [first.getTotal(), first.isMore(), second.getData().result.length]
seen.deleted = await call('crm.contact.delete', { ID: added[119] })

// version 3
const make = async (method, params) => dataOf(await v3.call.make({ method, params })).result
const task = (await make('tasks.task.add', { fields: { title: 'Отчёт', creatorId: 1, responsibleId: 1 } })).item
await make('tasks.task.add', { fields: { title: 'Смета', creatorId: 1, responsibleId: 1 } })
seen.task = (await make('tasks.task.get', { id: task.id, select: ['title', 'responsible.name'] })).item
seen.tasks = dataOf(await v3.callList.make({
  method: 'tasks.task.list',
  params: { select: ['id', 'title'], filter: FilterV3.build(FilterV3.ge('id', task.id)) },
  customKeyForResult: 'items',
  limit: 1
})).length
seen.batch3 = dataOf(await v3.batch.make({
  calls: {
    all: { method: 'tasks.task.list', params: { select: ['id', 'title'], order: { id: 'ASC' } } },
    some: {
      method: 'tasks.task.list',
      params: { select: ['title'], filter: [['id', 'in', BatchRefV3.refArray('all.id')]] }
    }
  }
})).some.items.map((each) => each.title)
seen.missing3 = await codeOf(() => v3.call.make({ method: 'tasks.task.get', params: { id: 999 } }))
seen.unknown3 = await codeOf(() => v3.call.make({ method: 'no.such.method', params: {} }))

console.log(JSON.stringify(seen))
