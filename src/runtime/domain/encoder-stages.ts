/** Finds the values of a network's graph at which the slice's encoder ends a stage. */
import { topologicalOrder, type GraphNode } from '../graph/graph.ts';
import type { RecordedNetwork } from '../graph/graph-model.ts';

/** The first stages see stain, sharpness and texture; the later ones mostly what the model was trained to tell apart. */
const measuredStages = ['stage1', 'stage2'];

/** A value of the graph under the name that the model's files give it. */
export interface NamedStage {
  readonly node: string;
  readonly channels: number;
}

/** The ends of the slice encoder's first two stages; empty for networks without such an encoder. */
export function encoderStages({ logits }: RecordedNetwork): NamedStage[] {
  const order = topologicalOrder([logits]);
  const found = measuredStages.flatMap((stage) => {
    const prefix = `slice/encoder/${stage}/`;
    const end = order.findLast(
      ({ operation, inputs }) => operation.kind === 'relu' && isSumOf(inputs[0], prefix),
    );
    return end === undefined ? [] : [{ node: nameOf(end), channels: end.shape[3] }];
  });
  return found.length === measuredStages.length ? found : [];
}

/** Whether a value is a residual block's sum: a convolution of the stage, plus a shortcut. */
function isSumOf(node: GraphNode | undefined, prefix: string): boolean {
  if (node?.operation.kind !== 'add') return false;
  return node.inputs.some(({ operation, scope }) => operation.kind === 'conv' && scope.startsWith(prefix));
}

/** The name of a value that was read from a model's files. */
export function nameOf({ label, scope }: GraphNode): string {
  return label ?? scope;
}
