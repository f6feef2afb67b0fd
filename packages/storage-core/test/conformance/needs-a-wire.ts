/**
 * Core cases that disturb the connection to a service. In memory there is none; the adapters run them against a fault
 * proxy.
 */
export const CASES_THAT_NEED_A_WIRE = ["F05", "F06", "F09", "I11", "M02", "M07"] as const;
