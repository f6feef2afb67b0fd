import { faultProxy, type FaultProxy } from "@bucketferry/local-servers";
import { openStages, type Stages } from "./in-process.ts";
import { openWorld, type World } from "./world.ts";

/** A world whose migrator reaches both of its services through a fault proxy of each. */
export interface ProxiedStages {
  readonly world: World;
  readonly stages: Stages;
  readonly sourceProxy: FaultProxy;
  readonly targetProxy: FaultProxy;
  readonly close: () => Promise<void>;
}

export async function openProxiedStages(): Promise<ProxiedStages> {
  const world = await openWorld();
  const sourceProxy = await faultProxy({ target: world.source.url });
  const targetProxy = await faultProxy({ target: world.target.url });
  world.configure((config) => {
    Object.assign(config.routes[0]?.source ?? {}, { endpoint: sourceProxy.url });
    Object.assign(config.routes[0]?.target ?? {}, { endpoint: targetProxy.url });
  });
  const stages = await openStages(world);
  return {
    world,
    stages,
    sourceProxy,
    targetProxy,
    close: async () => {
      await stages.close();
      await sourceProxy.close();
      await targetProxy.close();
      await world.close();
    },
  };
}
