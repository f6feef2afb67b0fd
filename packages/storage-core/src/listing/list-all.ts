import type { ListOptions, ListPage, ObjectEntry, StorageProvider } from "../contract/provider.ts";
import { listEntries } from "../kit/list-entries.ts";

export type ListAllOptions = Omit<ListOptions, "delimiter">;

/**
 * Every object under a prefix, one page ahead: while the entries of a page are worked on, the next page is on its way.
 * At most two pages are held. Leaving the loop ends the request that is on its way.
 */
export async function* listAll(
  provider: StorageProvider,
  options: ListAllOptions = {},
): AsyncGenerator<ObjectEntry, void, undefined> {
  const { prefix, startAfter, signal } = options;
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
    for await (const entry of listEntries(nextPage, { provider: provider.name, operation: "list" }, signal)) {
      if (entry.type === "object") yield entry;
    }
  } finally {
    leaving.abort();
  }
}
