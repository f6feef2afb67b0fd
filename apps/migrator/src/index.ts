/** What a `bucketferry.config.ts` imports. Everything else of this package is its command line. */
export { defineConfig, type ConfigInput } from "@bucketferry/config";
