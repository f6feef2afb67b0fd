import type { ListEntry, ListOptions, ListPage, ObjectEntry, StorageProvider } from "../contract/provider.ts";
import { aborted, type CallSite } from "../kit/failure.ts";
import { pagesOf } from "../kit/list-entries.ts";

export type ListAllOptions = Omit<ListOptions, "delimiter">;

/**
 * Every object under a prefix, page by page and one page ahead: while a page is worked on, the next one is on its way.
 * At most two pages are held. Leaving the loop ends the request that is on its way.
 *
 * Who walks millions of objects takes pages: one `await` for a thousand objects instead of a thousand.
 */
export async function* listPages(
  provider: Pick<StorageProvider, "name" | "listPage">,
  options: ListAllOptions = {},
): AsyncGenerator<readonly ObjectEntry[], void, undefined> {
  const { prefix, startAfter, signal } = options;
  const site: CallSite = { provider: provider.name, operation: "list" };
  const leaving = new AbortController();
  const own = signal === undefined ? leaving.signal : AbortSignal.any([signal, leaving.signal]);
  const request = (cursor: string | undefined): Promise<ListPage> =>
    provider.listPage({ prefix, startAfter, cursor, signal: own });

  let ahead: Promise<ListPage> | undefined;
  const nextPage = async (cursor: string | undefined): Promise<ListPage> => {
    const page = await (ahead ?? request(cursor));
    ahead = page.cursor === undefined ? undefined : request(page.cursor);
    // Looked at when its turn comes; until then nobody waits for it.
    ahead?.catch(() => undefined);
    return page;
  };
  try {
    for await (const page of pagesOf(nextPage, site)) {
      if (signal?.aborted === true) throw aborted(site, signal);
      yield page.entries.filter(isObject);
    }
  } finally {
    leaving.abort();
  }
}

function isObject(entry: ListEntry): entry is ObjectEntry {
  return entry.type === "object";
}
