/** The door for authors of adapters and layers: the driver's contract, and what turns a driver into a provider. */
export type * from "./contract/driver.ts";
export type * from "./contract/body.ts";
export type * from "./contract/capabilities.ts";
export type * from "./contract/provider.ts";
export type * from "./contract/adapter.ts";
export type * from "./contract/layer.ts";
export { providerFrom } from "./kit/provider-from.ts";
export { noMultipart } from "./kit/no-multipart.ts";
export { openObject } from "./kit/open-object.ts";
export { servedRange } from "./kit/served-range.ts";
export { collectBytes } from "./kit/byte-chunks.ts";
export { plainETag } from "./kit/etag.ts";
export { keyProblem, type KeyProblem } from "./kit/key-problem.ts";
export { StorageError, isStorageError } from "./errors/storage-error.ts";
export { encodeKeyPath, keyCandidates } from "./kit/url-keys.ts";
