/** The classes that a published dataset's mask codes are merged to, found in a configuration or model by name. */
import { DatasetError, type DatasetOptions } from './dataset.ts';

/** A row of a dataset's table of codes. */
export interface MaskCode {
  readonly code: number;
  /** The dataset's name for it. */
  readonly label: string;
  /** The class that it is merged to; null for pixels that do not count. */
  readonly className: string | null;
}

/** In `CodeClasses.classOf`: no code of the dataset, or one without a class. */
const unknownCode = 255;

export interface CodeClasses {
  /** Class of each of the 256 values; 0 for codes that do not count. Only for values that `check` accepts. */
  readonly classOf: Uint8Array;
  /** For each of the 256 values, 1 if its pixels count. */
  readonly counts: Uint8Array;
  /** @throws DatasetError for a value that is no code. */
  check(codes: Uint8Array, file: string): void;
}

/**
 * Classes by `classOfValue` where there is one, else by name, whatever the case. Codes that do not count don't
 * count in either case.
 * @param name of the dataset, for messages
 * @param folder of the dataset, for messages
 * @throws DatasetError when a class of the table is missing, or `classOfValue` leads to none.
 */
export function codeClasses(
  name: string,
  table: readonly MaskCode[],
  { classNames, classOfValue }: Pick<DatasetOptions, 'classNames' | 'classOfValue'>,
  folder: string,
): CodeClasses {
  const classOf = new Uint8Array(256).fill(unknownCode);
  const counts = new Uint8Array(256).fill(1);
  const known = classNames.map((each) => each.toLowerCase());
  for (const { code, className } of table) {
    if (className === null) {
      counts[code] = 0;
      classOf[code] = 0;
    } else if (classOfValue === null) {
      const index = known.indexOf(className.toLowerCase());
      if (index < 0) {
        const wanted = [...new Set(table.flatMap((row) => row.className ?? []))].join(', ');
        throw new DatasetError(
          folder,
          `There is no class "${className}" for the masks of ${name}.`,
          `Name the classes ${wanted}, or map the values of the masks to classes ("classOfValue").`,
        );
      }
      classOf[code] = index;
    }
  }
  classOfValue?.forEach((index, code) => {
    if (index >= classNames.length) {
      throw new DatasetError(
        folder,
        `"classOfValue" maps ${String(code)} to class ${String(index)}, but there are only ${String(classNames.length)} classes.`,
        'Correct it in the configuration.',
      );
    }
    if (code < 256 && counts[code] === 1) classOf[code] = index;
  });
  return {
    classOf,
    counts,
    check: (codes, file) => {
      const wrong = codes.find((code) => classOf[code] === unknownCode);
      if (wrong === undefined) return;
      throw new DatasetError(
        file,
        `The mask contains the value ${String(wrong)}, which is no code of ${name}.`,
        `Use the masks as published: ${table.map(({ code, label }) => `${String(code)} ${label}`).join(', ')}.`,
      );
    },
  };
}
