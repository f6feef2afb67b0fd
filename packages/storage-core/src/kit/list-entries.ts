import type { ListEntry, ListPage } from "../contract/provider.ts";
import { aborted, refusal, type CallSite } from "./failure.ts";

/** All entries of all pages, one after another; the next page is asked for when the entries of the last are used up. */
export async function* listEntries(
  listPage: (cursor: string | undefined) => Promise<ListPage>,
  site: CallSite,
  signal: AbortSignal | undefined,
): AsyncGenerator<ListEntry, void, undefined> {
  for await (const page of pagesOf(listPage, site)) {
    for (const entry of page.entries) {
      if (signal?.aborted === true) throw aborted(site, signal);
      yield entry;
    }
  }
}

/**
 * All pages, one after another.
 *
 * A service whose cursors run in a circle would be listed for ever. Brent's method finds a circle of any length with one
 * remembered cursor, so a listing of any size takes the same memory.
 */
export async function* pagesOf(
  listPage: (cursor: string | undefined) => Promise<ListPage>,
  site: CallSite,
): AsyncGenerator<ListPage, void, undefined> {
  let cursor: string | undefined;
  let remembered: string | undefined;
  let stepsSince = 0;
  let stepsAllowed = 1;
  do {
    const page = await listPage(cursor);
    yield page;
    cursor = page.cursor;
    if (cursor !== undefined && cursor === remembered) {
      throw refusal("Unknown", site, "the service gave the same cursor twice; the listing would never end");
    }
    stepsSince += 1;
    if (stepsSince === stepsAllowed) {
      remembered = cursor;
      stepsSince = 0;
      stepsAllowed *= 2;
    }
  } while (cursor !== undefined);
}
