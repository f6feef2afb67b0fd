export { describeProblem, ConfigError, type ConfigProblem } from "./config-error.ts";
export type {
  Config,
  CopyConfig,
  CopySchedule,
  DatabaseConfig,
  FormPolicy,
  RewriteConfig,
  RouteConfig,
  ScheduleWindow,
  SideConfig,
} from "./config.ts";
export type { ConfigInput } from "./config-schema.ts";
export { describeDatabase, type DatabaseLocation } from "./database-url.ts";
export { defineConfig } from "./define-config.ts";
export type { Environment } from "./environment.ts";
export { loadConfig, parseConfig, parseSide, type LoadConfigOptions } from "./load-config.ts";
export { parseTime, selectionOf, type Selection } from "./selection-schema.ts";
export { BYTE_SIZE_FORM, parseByteSize } from "./byte-size.ts";
export { openRoute, openSide, type Route } from "./routes.ts";
export type { WithinService } from "./within-service.ts";
