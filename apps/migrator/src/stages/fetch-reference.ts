export interface FetchedReference {
  readonly ok: boolean;
  readonly status: number | undefined;
  /** Of the whole object, in bytes, where the answer says it. */
  readonly size: number | undefined;
}

const TIMEOUT_MS = 15_000;
/** A host that did not answer so many times in a row is not asked again: a million time-outs would tell no more. */
const SILENCES = 3;
const UNREACHABLE: FetchedReference = { ok: false, status: undefined, size: undefined };

/** Undefined for a reference that is no URL. */
export type FetchReference = (url: string, signal: AbortSignal) => Promise<FetchedReference | undefined>;

/**
 * Asks for the first byte of a URL as a stranger would, without credentials: the way a stored reference is used.
 */
export function referenceFetcher(): FetchReference {
  const silences = new Map<string, number>();
  return async (url, signal) => {
    if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) return undefined;
    const { host } = new URL(url);
    const silent = silences.get(host) ?? 0;
    if (silent >= SILENCES) return UNREACHABLE;
    const answer = await fetchFirstByte(url, signal);
    silences.set(host, answer.status === undefined ? silent + 1 : 0);
    return answer;
  };
}

async function fetchFirstByte(url: string, signal: AbortSignal): Promise<FetchedReference> {
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
    return UNREACHABLE;
  }
}
