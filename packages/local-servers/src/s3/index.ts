export * from "./s3-server.ts";
export type { SeenOperation } from "./handle-request.ts";
export { OPERATION_NAMES, type OperationName } from "./operation-names.ts";
export { type Profile, PROFILES, type ProfileName } from "./profiles.ts";
export type { Access, Action, S3User } from "./users.ts";
