export { compareKeys as compareUtf8 } from "../../storage-core/src/listing/compare-keys.ts";
