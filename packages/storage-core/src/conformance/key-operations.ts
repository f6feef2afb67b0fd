import type { CaseContext } from "./case.ts";
import { collect, rejectsWith } from "./check.ts";
import { sendsNothing } from "./sends-nothing.ts";

export interface KeyOperation {
  readonly name: string;
  readonly call: () => Promise<unknown>;
}

/** Every operation that takes a key and that the provider offers, on this key. Each rejects when the key is refused. */
function keyOperations(t: CaseContext, key: string): readonly KeyOperation[] {
  const { provider, capabilities, signal } = t;
  const other = t.key("another-key");
  const upload = { key, uploadId: "an-upload" };
  const presigned = (["get", "put", "head", "delete", "post"] as const).filter(
    (method) => capabilities.presign[method],
  );
  const operations: Readonly<Record<string, () => Promise<unknown>>> = {
    put: () => provider.put(key, "x", { signal }),
    get: () => provider.get(key, { signal }),
    head: () => provider.head(key, { signal }),
    exists: () => provider.exists(key, { signal }),
    delete: () => provider.delete(key, { signal }),
    deleteMany: () => deletedByMany(t, key),
    "copy from": () => provider.copy(key, other, { signal }),
    "copy to": () => provider.copy(other, key, { signal }),
    ...Object.fromEntries(
      presigned.map((method) => [
        `presign ${method}`,
        () => provider.presign({ method: PRESIGN_METHODS[method], key, expiresInSeconds: 60, signal }),
      ]),
    ),
    ...(capabilities.publicUrl ? { publicUrl: async () => provider.publicUrl(key) } : {}),
    ...(capabilities.multipart === false
      ? {}
      : {
          "multipart.create": () => provider.multipart.create(key, { signal }),
          "multipart.uploadPart": () => provider.multipart.uploadPart(upload, 1, "x", { signal }),
          "multipart.listParts": () => provider.multipart.listParts(upload, { signal }),
          "multipart.complete": () =>
            provider.multipart.complete(upload, [{ partNumber: 1, etag: "an-etag" }], { signal }),
          "multipart.abort": () => provider.multipart.abort(upload, { signal }),
        }),
  };
  return Object.entries(operations).map(([name, call]) => ({ name, call }));
}

/** Every operation refuses the key with `InvalidKey`, and the service hears of none of them. */
export async function everyOperationRefuses(t: CaseContext, key: string, label: string): Promise<void> {
  await sendsNothing(t, async () => {
    for (const { name, call } of keyOperations(t, key)) await rejectsWith("InvalidKey", call, `${name} of ${label}`);
  });
}

const PRESIGN_METHODS = { get: "GET", put: "PUT", head: "HEAD", delete: "DELETE", post: "POST" } as const;

async function deletedByMany(t: CaseContext, key: string): Promise<void> {
  for (const { error } of await collect(t.provider.deleteMany([key], { signal: t.signal }))) {
    if (error !== undefined) throw error;
  }
}
