import type { ObjectEntry, StorageProvider } from "../contract/provider.ts";
import { aborted } from "../kit/failure.ts";
import { listPages, type ListAllOptions } from "./list-pages.ts";

/** Every object under a prefix, one by one; pages are fetched as `listPages` does. */
export async function* listAll(
  provider: StorageProvider,
  options: ListAllOptions = {},
): AsyncGenerator<ObjectEntry, void, undefined> {
  const { signal } = options;
  for await (const page of listPages(provider, options)) {
    for (const entry of page) {
      if (signal?.aborted === true) throw aborted({ provider: provider.name, operation: "list" }, signal);
      yield entry;
    }
  }
}
