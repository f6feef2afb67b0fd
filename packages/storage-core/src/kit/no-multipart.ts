import type { DriverMultipart } from "../contract/driver.ts";
import { StorageError } from "../errors/storage-error.ts";

const refuse = (): never => {
  throw new StorageError("Unsupported", "the service has no uploads in parts");
};

/** For drivers whose `capabilities.multipart` is false: the kit refuses every call before it gets here. */
export const noMultipart: DriverMultipart = {
  create: async () => refuse(),
  uploadPart: async () => refuse(),
  listParts: async () => refuse(),
  complete: async () => refuse(),
  abort: async () => refuse(),
  list: () => ({ [Symbol.asyncIterator]: () => ({ next: async () => refuse() }) }),
};
