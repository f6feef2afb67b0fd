import type { Ledger } from "@bucketferry/ledger";
import type { Route } from "@bucketferry/config";
import type { HostLimits } from "../pipeline/host-limits.ts";
import type { Reporter } from "../report/reporter.ts";

/** What every stage is given. */
export interface StageContext {
  readonly routes: readonly Route[];
  readonly ledger: Ledger;
  readonly reporter: Reporter;
  /** What the hosts of the sides bear; undefined where nobody watches them. */
  readonly hosts?: HostLimits | undefined;
  /** First interruption: begin nothing new, finish what is under way. */
  readonly drain: AbortSignal;
  /** Second interruption: end what is under way. Also aborts when the ledger is lost. */
  readonly abort: AbortSignal;
}
