import { deepStrictEqual, strictEqual } from "node:assert";

export { deepStrictEqual as same, ok, strictEqual as equal } from "node:assert";

/** What went wrong in a call, as far as services agree on it: HTTP status and code. */
export interface Refusal {
  readonly status: number | undefined;
  readonly code: string | undefined;
}

/** The status and code with which a call fails. A call that succeeds has none. */
export async function refusalOf(call: Promise<unknown>): Promise<Refusal> {
  try {
    await call;
  } catch (error) {
    return asRefusal(error);
  }
  return { status: undefined, code: undefined };
}

function asRefusal(error: unknown): Refusal {
  const { name, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
  return { status: $metadata?.httpStatusCode, code: name };
}

/** Fails unless the call is refused in this way. The SDK has no code for answers without a body: there `code` is left out. */
export async function refuses(call: Promise<unknown>, status: number, code?: string): Promise<void> {
  const refusal = await refusalOf(call);
  if (code === undefined) strictEqual(refusal.status, status, JSON.stringify(refusal));
  else deepStrictEqual(refusal, { status, code });
}
