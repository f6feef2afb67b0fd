export * from "./containers.ts";
export * from "./require-engine.ts";
export * from "./s3-endpoint.ts";
