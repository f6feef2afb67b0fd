import type { OperationOptions, StorageProvider } from "../contract/provider.ts";
import type { CaseContext } from "./case.ts";
import { collect } from "./check.ts";

/** One operation of the contract as a call that makes sense for the provider. */
export interface OperationCall {
  readonly name: string;
  /** Whether it changes what is stored. */
  readonly writes: boolean;
  /** Resolves when the operation, with its iterator or body, is at its end. */
  readonly call: (provider: StorageProvider, options: OperationOptions) => Promise<unknown>;
}

/** Every asynchronous operation that the provider's capabilities offer, `close` left out. They name keys of the case. */
export function everyOperation(t: CaseContext): readonly OperationCall[] {
  const { presign, multipart } = t.capabilities;
  const [key, other] = [t.key("operation.txt"), t.key("operation-copy.txt")];
  const upload = { key, uploadId: "no-such-upload" };
  const reads = (name: string, call: OperationCall["call"]): OperationCall => ({ name, writes: false, call });
  const writes = (name: string, call: OperationCall["call"]): OperationCall => ({ name, writes: true, call });
  return [
    writes("put", (p, o) => p.put(key, "body", o)),
    reads("get", async (p, o) => (await p.get(key, o)).bytes()),
    reads("head", (p, o) => p.head(key, o)),
    reads("exists", (p, o) => p.exists(key, o)),
    writes("delete", (p, o) => p.delete(key, o)),
    writes("deleteMany", (p, o) => collect(p.deleteMany([key, other], o))),
    writes("copy", (p, o) => p.copy(key, other, o)),
    reads("list", (p, o) => collect(p.list({ prefix: t.prefix, ...o }))),
    reads("listPage", (p, o) => p.listPage({ prefix: t.prefix, ...o })),
    reads("check", (p, o) => p.check(o)),
    writes("ensureBucket", (p, o) => p.ensureBucket(o)),
    ...(presign.get ? [reads("presign", (p, o) => p.presign({ method: "GET", key, expiresInSeconds: 60, ...o }))] : []),
    ...(multipart === false
      ? []
      : [
          writes("multipart.create", (p, o) => p.multipart.create(key, o)),
          writes("multipart.uploadPart", (p, o) => p.multipart.uploadPart(upload, 1, "part", o)),
          reads("multipart.listParts", (p, o) => p.multipart.listParts(upload, o)),
          writes("multipart.complete", (p, o) => p.multipart.complete(upload, [{ partNumber: 1, etag: "a" }], o)),
          writes("multipart.abort", (p, o) => p.multipart.abort(upload, o)),
          reads("multipart.list", (p, o) => collect(p.multipart.list({ prefix: t.prefix, ...o }))),
        ]),
  ];
}
