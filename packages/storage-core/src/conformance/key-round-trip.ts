import type { CaseContext } from "./case.ts";
import { bytesEqual, collect, equal, rejectsWith, show } from "./check.ts";
import { utf8 } from "./content.ts";
import { inParallel } from "./in-parallel.ts";
import { everyOperationRefuses } from "./key-operations.ts";
import { brokenKeyRule, toldApart } from "./key-rules.ts";
import { inByteOrder } from "./objects.ts";
import { sendsNothing } from "./sends-nothing.ts";
import { WEIRD_NAMES, type WeirdName } from "./weird-keys.ts";

/** Enough to hide the way to a service far away, and few enough for a small one. */
export const KEYS_AT_ONCE = 8;

/**
 * Every name is stored exactly or refused with `InvalidKey` before any request, as the provider's key rules say.
 * All are put before any is read, so that two names that a service takes for one show as the wrong content.
 */
export async function storedOrRefused(t: CaseContext, names: readonly WeirdName[]): Promise<void> {
  const { allowed, refused } = sortedByRule(t, names);
  for (const { name, label } of refused) {
    await sendsNothing(t, async () => {
      await rejectsWith("InvalidKey", t.provider.put(t.key(name), "x", { signal: t.signal }), `put of ${label}`);
      await rejectsWith("InvalidKey", t.provider.get(t.key(name), { signal: t.signal }), `get of ${label}`);
    });
  }
  await inParallel(KEYS_AT_ONCE, allowed, async (weird) => {
    const put = await t.provider.put(t.key(weird.name), contentOf(weird), { signal: t.signal });
    equal(put.key, t.key(weird.name), `key of the put of ${weird.label}`);
  });
  await inParallel(KEYS_AT_ONCE, allowed, (weird) => keptExactly(t, weird));
  const listed = (await collect(t.provider.list({ prefix: t.prefix, signal: t.signal }))).map((entry) =>
    entry.type === "object" ? entry.key : `the prefix ${entry.prefix}`,
  );
  equal(inByteOrder(listed), inByteOrder(allowed.map(({ name }) => t.key(name))), "the keys that a listing gives");
}

/** None of these names leads to an object: not to one that a service might have taken for another name. */
export async function leadsNowhere(t: CaseContext, names: readonly string[]): Promise<void> {
  for (const name of names) {
    if (brokenKeyRule(t.key(name), t.capabilities.keys) !== undefined) continue;
    equal(await t.provider.exists(t.key(name), { signal: t.signal }), false, `exists of ${show(name)}`);
    await rejectsWith("NotFound", t.provider.get(t.key(name), { signal: t.signal }), `get of ${show(name)}`);
  }
}

export function sortedByRule(
  t: CaseContext,
  names: readonly WeirdName[],
): { readonly allowed: readonly WeirdName[]; readonly refused: readonly WeirdName[] } {
  const isAllowed = ({ name }: WeirdName) => brokenKeyRule(t.key(name), t.capabilities.keys) === undefined;
  return {
    allowed: toldApart(names.filter(isAllowed), ({ name }) => name, t.capabilities.keys),
    refused: names.filter((name) => !isAllowed(name)),
  };
}

/** A key that the rules refuse is refused by every operation; one that they allow has to live with all of them. */
export async function throughEveryOperation(t: CaseContext, weird: WeirdName): Promise<void> {
  const { provider, capabilities, signal } = t;
  const { label } = weird;
  const key = t.key(weird.name);
  const content = utf8(contentOf(weird));

  await provider.put(key, content, { signal });
  const head = await provider.head(key, { signal });
  equal([head.key, head.size], [key, content.length], `head of ${label}`);
  equal(await provider.exists(key, { signal }), true, `exists of ${label}`);
  const entries = await collect(provider.list({ prefix: key, signal }));
  equal(
    entries.filter((entry) => entry.type === "object" && entry.key === key).length,
    1,
    `entries of ${label} in a listing of it`,
  );

  // One copy comes from the weird key and one goes back to it, so that both ends of a copy carry it.
  const plain = t.key(`copy-${WEIRD_NAMES.indexOf(weird)}`);
  await provider.copy(key, plain, { signal });
  bytesEqual(await (await provider.get(plain, { signal })).bytes(), content, `copy from ${label}`);
  await provider.delete(key, { signal });
  equal(await provider.exists(key, { signal }), false, `exists of ${label} after its delete`);
  await provider.copy(plain, key, { signal });
  await keptExactly(t, weird);

  if (capabilities.presign.get) await fetchedBySignedUrl(t, weird, content);
  if (capabilities.publicUrl) {
    const url = provider.publicUrl(key);
    const parsed = provider.parseUrl(url);
    equal([parsed?.bucket, parsed?.key], [provider.bucket, key], `parseUrl of ${url}, the public URL of ${label}`);
  }
  const outcomes = await collect(provider.deleteMany([key], { signal }));
  equal(
    outcomes.map((outcome) => [outcome.key, outcome.error?.code]),
    [[key, undefined]],
    `deleteMany of ${label}`,
  );
  await rejectsWith("NotFound", provider.head(key, { signal }), `head of ${label} after deleteMany`);
}

export async function refusedByEveryOperation(t: CaseContext, weird: WeirdName): Promise<void> {
  await everyOperationRefuses(t, t.key(weird.name), weird.label);
}

async function keptExactly(t: CaseContext, weird: WeirdName): Promise<void> {
  const result = await t.provider.get(t.key(weird.name), { signal: t.signal });
  bytesEqual(await result.bytes(), utf8(contentOf(weird)), `content of ${weird.label}`);
  equal(result.info.key, t.key(weird.name), `info.key of ${weird.label}`);
}

async function fetchedBySignedUrl(t: CaseContext, weird: WeirdName, content: Uint8Array): Promise<void> {
  const { harness, provider, signal } = t;
  const signed = await provider.presign({ method: "GET", key: t.key(weird.name), expiresInSeconds: 300, signal });
  // Every URL parser of the web resolves dot segments, also escaped ones (URL Standard §4.5), so no client could send it.
  const dotSegments = weird.name.split("/").some((segment) => segment === "." || segment === "..");
  if (harness.fetch === undefined || harness.without.anonymousFetch !== undefined || dotSegments) return;
  const response = await harness.fetch(signed.url, { headers: signed.headers, signal });
  const body = new Uint8Array(await response.arrayBuffer());
  equal(response.status, 200, `status of the signed GET of ${weird.label}`);
  bytesEqual(body, content, `body of the signed GET of ${weird.label}`);
}

function contentOf({ case: id, label }: WeirdName): string {
  return `content of ${id}, ${label}`;
}
