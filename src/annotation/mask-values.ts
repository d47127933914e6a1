/** What the values of an index mask are called. */

/** The label of a mask's value: the user says which class it is. */
export function labelOfMaskValue(value: number): string {
  return `value ${value}`;
}

/**
 * The class of a label that `labelOfMaskValue` gave.
 * @param classOfValue the class of each value; null where values are classes.
 * @returns null where there is no such class.
 */
export function classOfMaskValue(
  label: string,
  classNames: readonly string[],
  classOfValue: readonly number[] | null,
): number | null {
  const value = Number(/^value (\d{1,3})$/.exec(label)?.[1] ?? NaN);
  const classIndex = classOfValue === null ? value : classOfValue[value];
  return classIndex !== undefined && classIndex < classNames.length ? classIndex : null;
}
