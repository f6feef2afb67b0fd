/** One record of a CSV file, as RFC 4180 has it: CRLF at the end, quotes around what needs them, and doubled inside. */
export function csvRecord(values: readonly (string | number | null)[]): string {
  return `${values.map(csvField).join(",")}\r\n`;
}

function csvField(value: string | number | null): string {
  if (value === null) return "";
  const text = String(value);
  // An empty text is not the same as no value.
  return text === "" || /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
