export type * from "./case.ts";
export type * from "./faults.ts";
