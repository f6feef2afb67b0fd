import type { Layer } from "../contract/layer.ts";
import type { StorageProvider } from "../contract/provider.ts";

/**
 * Puts layers around a provider, the outermost first: the first one sees a call first and its outcome last.
 *
 * ```ts
 * withLayers(provider, [observe({ onEvent }), retry(), limit({ concurrency: 32 }), timeout()]);
 * ```
 */
export function withLayers(provider: StorageProvider, layers: readonly Layer[]): StorageProvider {
  return layers.reduceRight((inner, layer) => layer(inner), provider);
}
