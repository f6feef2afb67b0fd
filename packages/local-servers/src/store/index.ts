export * from "./body.ts";
export * from "./list-page.ts";
export * from "./object-store.ts";
export type { StoredObject, StoredPart, StoredUpload, StoreShape } from "./state.ts";
export { compareUtf8 } from "./utf8-order.ts";
