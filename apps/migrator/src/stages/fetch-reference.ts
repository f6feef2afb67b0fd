export interface FetchedReference {
  readonly ok: boolean;
  readonly status: number | undefined;
  /** Of the whole object, in bytes, where the answer says it. */
  readonly size: number | undefined;
}

const TIMEOUT_MS = 30_000;

/**
 * Asks for the first byte of a URL as a stranger would, without credentials: the way a stored reference is used.
 * Undefined for a reference that is no URL.
 */
export async function fetchReference(url: string, signal: AbortSignal): Promise<FetchedReference | undefined> {
  if (!/^https?:\/\//i.test(url)) return undefined;
  try {
    const answer = await fetch(url, {
      headers: { range: "bytes=0-0", "accept-encoding": "identity" },
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    await answer.body?.cancel();
    // An empty object has no first byte: 416, with its size (RFC 9110, section 15.5.17).
    const total = /\/(\d+)$/.exec(answer.headers.get("content-range") ?? "")?.[1];
    const length = answer.status === 200 ? answer.headers.get("content-length") : null;
    const size = total ?? length ?? undefined;
    const isEmpty = answer.status === 416 && total === "0";
    return { ok: answer.ok || isEmpty, status: answer.status, size: size === undefined ? undefined : Number(size) };
  } catch (error) {
    if (signal.aborted) throw error;
    return { ok: false, status: undefined, size: undefined };
  }
}
