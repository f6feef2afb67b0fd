/** The door for authors of adapters and layers: the driver's contract, and what turns a driver into a provider. */
export type * from "./contract/driver.ts";
export type * from "./contract/body.ts";
export type * from "./contract/capabilities.ts";
export type * from "./contract/provider.ts";
export type * from "./contract/adapter.ts";
export type * from "./contract/layer.ts";
