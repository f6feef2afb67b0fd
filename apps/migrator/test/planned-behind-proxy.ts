import { faultProxy, type FaultProxy } from "@bucketferry/local-servers";
import { openStages } from "./in-process.ts";
import { openWorld, type World } from "./world.ts";

export interface PlannedBehindProxy {
  readonly world: World;
  /** On the way to the target. */
  readonly targetProxy: FaultProxy;
  readonly close: () => Promise<void>;
}

/** A world whose objects are planned and not copied yet, for commands that run as processes of their own. */
export async function plannedBehindProxy(
  objects: readonly (readonly [key: string, bytes: Uint8Array])[],
  copy: Readonly<Record<string, unknown>>,
): Promise<PlannedBehindProxy> {
  const world = await openWorld();
  const targetProxy = await faultProxy({ target: world.target.url });
  world.configure((config) => {
    Object.assign(config.routes[0]?.target ?? {}, { endpoint: targetProxy.url });
    config["copy"] = copy;
  });
  for (const [key, bytes] of objects) await world.route.source.put(key, bytes);
  const stages = await openStages(world);
  await stages.plan();
  await stages.close();
  return {
    world,
    targetProxy,
    async close() {
      await targetProxy.close();
      await world.close();
    },
  };
}
