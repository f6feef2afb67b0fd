export { openLedger, type OpenLedgerOptions } from "./open-ledger.ts";
export type { Ledger, LedgerOwner } from "./ledger.ts";
export { LedgerError, isLedgerError, type LedgerErrorCode } from "./ledger-error.ts";
export { fingerprintOf, type RouteIdentity } from "./fingerprint.ts";
export { thisProcess, type ProcessIdentity } from "./lock/process-identity.ts";
export { OBJECT_STATES, TRANSITIONS, isLegalTransition, type ObjectState } from "./objects/states.ts";
export {
  changeOf,
  emptyFacts,
  type Evidence,
  type NotCarried,
  type ObjectChange,
  type ObjectFacts,
  type ObjectOrder,
  type ObjectRecord,
} from "./objects/object-record.ts";
export { objectWriter, type ObjectWriter, type ObjectWriterOptions } from "./objects/object-writer.ts";
export type { ReasonCount, StateCount } from "./objects/object-queries.ts";
export type { LedgerEvent, StoredEvent } from "./runs/events.ts";
export type { RunRecord } from "./runs/runs.ts";
export type { UploadPartRecord, UploadRecord, UploadWithParts } from "./uploads/uploads.ts";
