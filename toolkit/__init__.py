"""b24kit: repair and migrate live Bitrix24 portals without fear."""
