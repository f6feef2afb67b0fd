import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { StorageAdapter } from "@bucketferry/storage-core";

/** The adapters that come along. This is the only file outside the adapters' own packages that names one. */
const BUILT_IN: Readonly<Record<string, () => Promise<unknown>>> = {
  fs: () => import("@bucketferry/adapter-fs"),
  memory: () => import("./memory-adapter.ts"),
  s3: () => import("@bucketferry/adapter-s3"),
  supabase: () => import("@bucketferry/adapter-supabase"),
};

/** Why an adapter could not be had, as the second half of a sentence that begins with the field's path. */
class AdapterNotFound extends Error {
  override readonly name = "AdapterNotFound";
}

/**
 * One of ours by its short name, or a third party's package (or a file, by a relative path) that exports
 * `adapter: StorageAdapter`, found from the folder of the configuration.
 */
export async function loadAdapter(name: string, directory: string): Promise<StorageAdapter> {
  const module = await (BUILT_IN[name] ?? (() => importFrom(directory, name)))();
  const adapter = (module as { adapter?: unknown }).adapter;
  if (isAdapter(adapter)) return adapter;
  throw new AdapterNotFound(
    `names the module "${name}", which exports no adapter: it must export \`adapter\` with name, options and create.`,
  );
}

async function importFrom(directory: string, name: string): Promise<unknown> {
  let path: string;
  try {
    path = createRequire(join(directory, "bucketferry.config.json")).resolve(name);
  } catch (error) {
    throw new AdapterNotFound(
      `is "${name}", which is neither one of ${Object.keys(BUILT_IN).join(", ")} nor a package that can be found from ${directory}. ` +
        "Correct the name, or install the package that provides it.",
      { cause: error },
    );
  }
  return import(pathToFileURL(path).href);
}

function isAdapter(value: unknown): value is StorageAdapter {
  const candidate = value as Partial<StorageAdapter> | null | undefined;
  return (
    typeof candidate?.name === "string" &&
    typeof candidate.create === "function" &&
    candidate.options?.["~standard"]?.version === 1
  );
}
