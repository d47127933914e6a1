/** Which models vote together. Pure. */

/** What voting needs of a model. */
interface Voter {
  readonly id: string;
  readonly manifest: { readonly classes: readonly { readonly name: string; readonly background: boolean }[] };
}

const vocabularyOf = ({ manifest }: Voter): string => manifest.classes.map(({ name }) => name).join('\n');

/** The models with the same classes as the model `like`, itself included. */
export function votersOf<Model extends Voter>(
  { models }: { readonly models: readonly Model[] | null },
  like: string,
): Model[] {
  const first = models?.find(({ id }) => id === like);
  if (models === null || first === undefined) return [];
  return models.filter((model) => vocabularyOf(model) === vocabularyOf(first));
}

/** A layer of votes for each set of two or more models with the same classes, with its title. */
export function voteOptions(
  models: readonly Voter[],
): { readonly layer: { readonly kind: 'votes'; readonly like: string }; readonly title: string }[] {
  const groups = new Map<string, Voter[]>();
  for (const model of models) {
    const key = vocabularyOf(model);
    groups.set(key, [...(groups.get(key) ?? []), model]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined || group.length < 2) return [];
    const names = first.manifest.classes.filter(({ background }) => !background).map(({ name }) => name);
    return [
      {
        layer: { kind: 'votes', like: first.id } as const,
        title: `Agreement of ${group.length} models: ${names.join(', ')}`,
      },
    ];
  });
}
