import type { PresignedRequest } from "../contract/provider.ts";
import type { CaseContext } from "./case.ts";
import { fail } from "./check.ts";

/** Fetches like a stranger: with what the URL itself carries. For cases that ask for `anonymousFetch`. */
export async function fetchAsStranger(t: CaseContext, url: string, init: RequestInit = {}): Promise<Response> {
  if (t.harness.fetch === undefined) fail("this case fetches URLs, so it has to ask for `anonymousFetch`");
  return t.harness.fetch(url, { ...init, signal: t.signal });
}

/**
 * Sends a signed request exactly as it was issued, with this body. A header in `init` replaces the issued one.
 * The length is left to `fetch`, which states the body's own.
 */
export async function sendSigned(
  t: CaseContext,
  request: PresignedRequest,
  init: { readonly body?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<Response> {
  const headers = new Headers({ ...request.headers, ...init.headers });
  headers.delete("content-length");
  return fetchAsStranger(t, request.url, { ...init, method: request.method, headers });
}

/** Sends a signed form with this content, as a browser would. */
export async function sendForm(
  t: CaseContext,
  request: PresignedRequest,
  fields: Readonly<Record<string, string>>,
  content: string,
): Promise<Response> {
  const form = new FormData();
  for (const [name, value] of Object.entries({ ...request.fields, ...fields })) form.append(name, value);
  // S3 ignores every field behind the file.
  form.append("file", new Blob([content]), "file");
  return fetchAsStranger(t, request.url, { method: "POST", headers: request.headers, body: form });
}

/** Reads the answer to its end, so that its connection is free again; fails unless it was a success. */
export async function textOfAnswer(response: Response, what: string): Promise<string> {
  const text = await response.text();
  if (!response.ok) fail(`${what}: expected a success, got ${response.status} ${text.slice(0, 300)}`);
  return text;
}

/** The answer is a refusal by the service: a status from 400 to 499. A server error proves nothing. */
export async function refusedByService(response: Response, what: string): Promise<void> {
  await response.text();
  if (response.status < 400 || response.status > 499)
    fail(`${what}: expected a refusal, got status ${response.status}`);
}
