import type { ListPage, ListPageOptions, StorageProvider } from "../contract/provider.ts";
import type { CaseContext } from "./case.ts";
import { fail, ok } from "./check.ts";
import { brokenKeyRule, toldApart } from "./key-rules.ts";
import { WEIRD_NAMES } from "./weird-keys.ts";

/** So many that a thousand tiny objects take a second or two, and few enough for a small service's pool. */
const AT_ONCE = 16;

/** Puts one tiny object under every key; its content is the key itself. */
export async function seed(t: CaseContext, keys: readonly string[]): Promise<void> {
  await forEachAtOnce(keys, (key) => t.provider.put(key, key, { signal: t.signal }));
}

/** The action for every item, some at once. After a failure the others under way are still awaited, then it is thrown. */
export async function forEachAtOnce<T>(items: readonly T[], action: (item: T) => Promise<unknown>): Promise<void> {
  const queue = items.values();
  const work = async (): Promise<void> => {
    for (const item of queue) await action(item);
  };
  const workers = await Promise.allSettled(Array.from({ length: AT_ONCE }, work));
  for (const worker of workers) if (worker.status === "rejected") throw worker.reason;
}

/** `n0000` … under the case's prefix, in order. */
export function numbered(t: CaseContext, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => t.key(`n${String(index).padStart(4, "0")}`));
}

/** Those of the names that the provider takes as keys, as keys of the case. */
export function allowedKeys(t: CaseContext, names: readonly string[]): readonly string[] {
  const rules = t.capabilities.keys;
  const keys = names.map((name) => t.key(name)).filter((key) => brokenKeyRule(key, rules) === undefined);
  return toldApart(keys, (key) => key, rules);
}

/** A key for every weird name that the provider takes. */
export function weirdKeys(t: CaseContext): readonly string[] {
  return allowedKeys(
    t,
    WEIRD_NAMES.map(({ name }) => name),
  );
}

/** Page after page, until there is no cursor. A cursor that comes back a second time would never end, so it fails. */
export async function* pagesOf(provider: StorageProvider, options: ListPageOptions): AsyncGenerator<ListPage> {
  const seen = new Set<string>();
  let cursor = options.cursor;
  do {
    const page = await provider.listPage({ ...options, cursor });
    yield page;
    cursor = page.cursor;
    if (cursor !== undefined) ok(!seen.has(cursor), "a listing gave the same cursor a second time");
    if (cursor !== undefined) seen.add(cursor);
  } while (cursor !== undefined);
}

/** The keys of all objects that a page-wise walk sees, in its order, repeats included. */
export async function keysByPage(provider: StorageProvider, options: ListPageOptions): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of pagesOf(provider, options)) keys.push(...keysOf(page.entries));
  return keys;
}

/** The keys of the objects under the case's prefix, as `list` gives them. */
export async function listedKeys(t: CaseContext, prefix: string = t.prefix): Promise<string[]> {
  const keys: string[] = [];
  for await (const entry of t.provider.list({ prefix, signal: t.signal })) keys.push(...keysOf([entry]));
  return keys;
}

/** The keys of the entries; one that groups keys has no place where no delimiter was given. */
export function keysOf(entries: ListPage["entries"]): string[] {
  return entries.map((entry) =>
    entry.type === "object" ? entry.key : fail(`a listing without delimiter gave the prefix ${entry.prefix}`),
  );
}

/** Order of UTF-8 bytes, which is the order of code points and not that of JavaScript's own comparison. */
function byUtf8Bytes(left: string, right: string): number {
  const a = new TextEncoder().encode(left);
  const b = new TextEncoder().encode(right);
  for (let at = 0; at < Math.min(a.length, b.length); at += 1) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

export function inByteOrder(keys: readonly string[]): string[] {
  return keys.toSorted(byUtf8Bytes);
}

/** The text of an object. */
export async function textOf(t: CaseContext, key: string, provider: StorageProvider = t.provider): Promise<string> {
  return (await provider.get(key, { signal: t.signal })).text();
}
