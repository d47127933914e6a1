/** Attributes that give an element the tooltip of `Tooltip`. */
export interface TipAttributes {
  readonly 'data-tip': string;
  readonly 'data-tip-keys'?: string | undefined;
  readonly 'data-tip-note'?: string | undefined;
}

/**
 * @param text what the element does, as its accessible name says
 * @param keys shortcut, such as `Ctrl+K`
 * @param note a second line
 */
export function tip(text: string, keys?: string, note?: string): TipAttributes {
  return { 'data-tip': text, 'data-tip-keys': keys, 'data-tip-note': note };
}
