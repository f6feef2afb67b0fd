import type { ConfigInput } from "./config-schema.ts";

/** Gives an editor the types of a `bucketferry.config.ts`; changes nothing. */
export function defineConfig(config: ConfigInput): ConfigInput {
  return config;
}
