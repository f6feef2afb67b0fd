import type { Route } from "@bucketferry/config";
import { changeOf } from "@bucketferry/ledger";
import { takenForOne } from "../decide/taken-for-one.ts";
import type { KeyTwins } from "../listing/key-twins.ts";
import type { PlanTally } from "./plan-tally.ts";
import type { StageContext } from "./stage-context.ts";

/** Groups of twins that are shown one by one. */
const TWINS_SHOWN = 20;

/**
 * Reports twins (S5), and gives the number of their groups. A target that cannot tell them apart would let one overwrite the
 * other, so there they are refused.
 */
export async function refuseTwins(
  route: Route,
  twins: KeyTwins,
  { ledger, reporter }: StageContext,
  tally: PlanTally,
): Promise<number> {
  const present = async (keys: readonly string[]): Promise<ReadonlySet<string>> => {
    const found = await ledger.objects.find(route.name, keys);
    const taken = [...found.values()].filter(({ state }) => state !== "vanished" && state !== "skipped");
    return new Set(taken.map((object) => object.key));
  };
  const refuse = async (keys: readonly string[]): Promise<void> => {
    for (const object of (await ledger.objects.find(route.name, keys)).values()) {
      if (object.state !== "planned" && object.state !== "failed") continue;
      const message = `The target takes it for the same key as ${keys.filter((key) => key !== object.key).join(", ")}.`;
      await ledger.objects.write([
        changeOf(object, { state: "failed", reason: "key-twin", errorCode: "Refused", errorMessage: message }),
      ]);
      if (object.state === "planned") tally.move(object, { action: "refuse", reason: "key-twin", message });
    }
  };
  let groups = 0;
  for await (const keys of twins.groups(present)) {
    groups++;
    if (groups <= TWINS_SHOWN) reporter.event({ type: "twins", route: route.name, keys });
    for (const group of takenForOne(keys, route.target.capabilities.keys)) await refuse(group);
  }
  if (groups > TWINS_SHOWN) {
    reporter.event({
      type: "warning",
      code: "twins",
      route: route.name,
      message: `${groups} groups of keys differ in case or Unicode form only; ${TWINS_SHOWN} were shown.`,
    });
  }
  return groups;
}
