/**
 * Parameters that mean something to the service that the URL is of, and nothing to another one: credentials,
 * download names, image transformations, cache nonces. Everything else was added by the app, and stays.
 */
const SERVICE_PARAMETERS = new Set([
  "token",
  "download",
  "cachenonce",
  "width",
  "height",
  "resize",
  "quality",
  "format",
  "x-id",
]);

/** The query without what the service itself put there; order and spelling of the rest are kept. */
export function appQuery(query: string): string {
  return query
    .split("&")
    .filter((pair) => {
      const name = (pair.split("=")[0] ?? "").toLowerCase();
      return (
        name !== "" && !SERVICE_PARAMETERS.has(name) && !name.startsWith("x-amz-") && !name.startsWith("response-")
      );
    })
    .join("&");
}
