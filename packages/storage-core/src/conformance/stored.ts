import type { GetOptions, StorageProvider } from "../contract/provider.ts";
import type { CaseContext } from "./case.ts";
import { bytesEqual, collect, equal, ok, rejectsWith } from "./check.ts";

/** The bytes of an object. */
export async function bytesOf(
  t: CaseContext,
  key: string,
  options: GetOptions = {},
  provider: StorageProvider = t.provider,
): Promise<Uint8Array> {
  const result = await provider.get(key, { signal: t.signal, ...options });
  return result.bytes();
}

/** The object has exactly these bytes, and `head` agrees about their number. */
export async function holds(t: CaseContext, key: string, expected: Uint8Array, what: string): Promise<void> {
  const result = await t.provider.get(key, { signal: t.signal });
  bytesEqual(await result.bytes(), expected, what);
  equal(result.info.size, expected.length, `${what}: info.size of get`);
  equal((await t.provider.head(key, { signal: t.signal })).size, expected.length, `${what}: size of head`);
}

/** Nothing is there: neither for `get` and `head`, nor in a listing. */
export async function absent(t: CaseContext, key: string, what: string): Promise<void> {
  const { provider, signal } = t;
  await rejectsWith("NotFound", provider.head(key, { signal }), `${what}: head`);
  await rejectsWith("NotFound", provider.get(key, { signal }), `${what}: get`);
  const entries = await collect(provider.list({ prefix: key, signal }));
  ok(!entries.some((entry) => entry.type === "object" && entry.key === key), `${what}: the listing still holds it`);
}

/** Whether an error is this one, or was caused by it at any depth. */
export function causedBy(error: unknown, cause: unknown): boolean {
  for (let current = error, depth = 0; depth < 20 && current !== undefined; depth += 1) {
    if (current === cause) return true;
    current = current instanceof Error ? current.cause : undefined;
  }
  return false;
}
