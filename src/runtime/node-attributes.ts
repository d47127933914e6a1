/** The nodes of a model's topology: a GraphDef in protobuf's JSON form, as far as it is read here. */

export interface TopologyNode {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[] | undefined;
  readonly attr?: Readonly<Record<string, unknown>> | undefined;
}

/** Attributes of a node from protobuf's JSON, where integers and bytes are strings, bytes in base64. */
export class NodeAttributes {
  readonly #attributes: Readonly<Record<string, unknown>>;

  constructor(attributes: Readonly<Record<string, unknown>>) {
    this.#attributes = attributes;
  }

  flag(name: string): boolean {
    return (this.#attributes[name] as { readonly b?: boolean } | undefined)?.b === true;
  }

  whole(name: string): number {
    return Number((this.#attributes[name] as { readonly i?: string } | undefined)?.i);
  }

  /** Such as DT_FLOAT; undefined when absent. */
  type(name: string): string | undefined {
    return (this.#attributes[name] as { readonly type?: string } | undefined)?.type;
  }

  /** The sides of a shape; an open one is -1. */
  dimensions(name: string): number[] {
    const { shape } = (this.#attributes[name] ?? {}) as {
      readonly shape?: { readonly dim?: readonly { readonly size?: string }[] };
    };
    return (shape?.dim ?? []).map(({ size }) => Number(size));
  }

  strings(name: string): string[] {
    const { list } = (this.#attributes[name] ?? {}) as { readonly list?: { readonly s?: readonly string[] } };
    return (list?.s ?? []).map(atob);
  }

  /** The two middle ones of four numbers, [1, height, width, 1]. */
  spatial(name: string): [number, number] {
    const [, height = 1, width = 1] = this.#numbers(name);
    return [height, width];
  }

  padding(): 'valid' | 'same' | [number, number][] {
    const { s = '' } = (this.#attributes.padding ?? {}) as { readonly s?: string };
    const word = atob(s).toLowerCase();
    if (word === 'valid' || word === 'same') return word;
    const [, , top = 0, bottom = 0, left = 0, right = 0] = this.#numbers('explicit_paddings');
    return [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ];
  }

  #numbers(name: string): number[] {
    const { list } = (this.#attributes[name] ?? {}) as { readonly list?: { readonly i?: readonly string[] } };
    return (list?.i ?? []).map(Number);
  }
}
