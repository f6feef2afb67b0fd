import type { StorageDriver } from "../contract/driver.ts";
import type { CheckFinding, CheckOptions, CheckReport } from "../contract/provider.ts";
import { isStorageError } from "../errors/storage-error.ts";

/** Where the scratch object of a check with `write` goes. */
const SCRATCH_PREFIX = ".bucketferry-check-";

/** Tries what a user of the bucket will do, one permission after another; without a bucket it ends there. */
export async function memoryCheck(
  driver: StorageDriver,
  findBucket: () => Promise<unknown>,
  { signal, write = false }: CheckOptions,
): Promise<CheckReport> {
  const key = SCRATCH_PREFIX + crypto.randomUUID();
  const steps: readonly { readonly id: string; readonly can: string; readonly run: () => Promise<unknown> }[] = [
    { id: "bucket", can: "The bucket exists", run: findBucket },
    { id: "list", can: "Keys can be listed", run: () => driver.listPage({ limit: 1, signal }) },
    { id: "read", can: "Objects can be read", run: () => ignoringNotFound(driver.head(key, { signal })) },
    ...(write
      ? [
          {
            id: "write",
            can: "Objects can be written",
            run: () => driver.put(key, { kind: "bytes", bytes: new Uint8Array(), length: 0 }, { signal }),
          },
          { id: "delete", can: "Objects can be deleted", run: () => driver.delete(key, { signal }) },
        ]
      : []),
  ];
  const findings: CheckFinding[] = [];
  for (const { id, can, run } of steps) {
    signal?.throwIfAborted();
    try {
      await run();
      findings.push({ id, level: "ok", message: `${can}.` });
    } catch (error) {
      signal?.throwIfAborted();
      findings.push(problem(id, error));
      if (id === "bucket") break;
    }
  }
  return { ok: findings.every(({ level }) => level !== "error"), findings };
}

async function ignoringNotFound(call: Promise<unknown>): Promise<void> {
  await call.catch((error: unknown) => {
    if (!isStorageError(error, "NotFound")) throw error;
  });
}

function problem(id: string, error: unknown): CheckFinding {
  const known = isStorageError(error) ? error : undefined;
  const message = known === undefined ? "an unexpected error" : `${known.code}: ${known.message}`;
  const fix =
    known?.code === "BucketNotFound" ? "Call ensureBucket." : (known?.hint ?? `Allow the credentials to ${id}.`);
  return { id, level: "error", message: `The step "${id}" failed. ${message}`, fix };
}
