import type { CaseContext, CaseLevel, ConformanceCase, HarnessAbility, Need } from "./case.ts";
import { need, type NeedName } from "./needs.ts";

export interface CaseDefinition {
  readonly id: string;
  readonly title: string;
  readonly level: CaseLevel;
  /** Capabilities by name, or a test of one's own. None when absent. */
  readonly needs?: readonly (NeedName | Need)[];
  /** None when absent. */
  readonly asks?: readonly HarnessAbility[];
  readonly timeoutMs?: number;
  run(t: CaseContext): Promise<void>;
  refusal?(t: CaseContext): Promise<void>;
}

const ID = /^[A-Z]\d\d$/;

/** Makes a case, with the names of its needs looked up. */
export function conformanceCase(definition: CaseDefinition): ConformanceCase {
  const { id, needs = [], asks = [] } = definition;
  if (!ID.test(id)) throw new TypeError(`id of a case: expected a letter and two digits such as "A01", got "${id}"`);
  return { ...definition, needs: needs.map((one) => (typeof one === "string" ? need(one) : one)), asks };
}
