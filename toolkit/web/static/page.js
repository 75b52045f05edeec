// The page works without this. With it: a file that is too large is refused before it is sent, a button is not
// pressed twice, and a page that waits renews itself.
"use strict";

for (const form of document.querySelectorAll("form.upload")) {
  const input = form.querySelector("input[type=file]");
  const said = form.querySelector(".said");
  const fits = () => {
    const file = input.files[0];
    const good = !file || file.size <= Number(form.dataset.limit);
    said.textContent = good ? "" : form.dataset.tooLarge;
    input.setAttribute("aria-invalid", String(!good));
    return good;
  };
  input.addEventListener("change", fits);
  form.addEventListener("submit", (event) => {
    if (!fits()) {
      event.preventDefault();
      input.focus();
      return;
    }
    const button = form.querySelector("button");
    button.disabled = true;
    button.textContent = form.dataset.sending;
  });
}

for (const form of document.querySelectorAll("form.once")) {
  form.addEventListener("submit", () => { form.querySelector("button").disabled = true; });
}

// Back in the browser's history shows the page as it was left: buttons are pressed anew.
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

const waiting = document.querySelector("[data-poll]");
if (waiting) {
  let asked = 0;
  const look = async () => {
    try {
      const answer = await fetch(waiting.dataset.poll, { headers: { Accept: "application/json" } });
      if (answer.redirected) { location.reload(); return; }
      if ((await answer.json()).state !== waiting.dataset.state) { location.reload(); return; }
    } catch (error) {
      // The page is being started again: keep asking.
    }
    asked += 1;
    setTimeout(look, asked < 20 ? 300 : 1000);
  };
  look();
}
