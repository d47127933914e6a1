/**
 * What a DICOM instance says about its specimen: DICOM PS3.3 C.7.6.22 (Specimen module) and PS3.16 TID 8003
 * (specimen staining). Only the meanings of codes are used, which never identify a patient.
 */
import type { DataSet } from 'dicom-parser';
import { itemsOf, textOf } from './data-set.ts';

const tag = {
  codeValue: 'x00080100',
  codeMeaning: 'x00080104',
  anatomicRegion: 'x00082218',
  primaryAnatomicStructure: 'x00082228',
  bodyPartExamined: 'x00180015',
  specimens: 'x00400560',
  preparation: 'x00400610',
  preparationItems: 'x00400612',
  conceptName: 'x0040a043',
  conceptCode: 'x0040a168',
} as const;

/** "Using substance" of the staining step: the SNOMED CT code, and the code in older files. */
const usingSubstance: readonly string[] = ['424361007', 'G-C350'];

/** `BodyPartExamined` and `Stain`, where the file has them. */
export function specimenProperties(data: DataSet): Record<string, string> {
  const specimens = itemsOf(data, tag.specimens);
  const structures = specimens.flatMap((specimen) => itemsOf(specimen, tag.primaryAnatomicStructure));
  const organ = [...structures, ...itemsOf(data, tag.anatomicRegion)]
    .map((item) => textOf(item, tag.codeMeaning))
    .concat(textOf(data, tag.bodyPartExamined))
    .find((text) => text !== '');
  const substances = specimens
    .flatMap((specimen) => itemsOf(specimen, tag.preparation))
    .flatMap((step) => itemsOf(step, tag.preparationItems))
    .filter((item) =>
      itemsOf(item, tag.conceptName).some((name) => usingSubstance.includes(textOf(name, tag.codeValue))),
    )
    .flatMap((item) => itemsOf(item, tag.conceptCode))
    .map((code) => textOf(code, tag.codeMeaning))
    .filter((text) => text !== '');
  return {
    ...(organ === undefined ? {} : { BodyPartExamined: organ }),
    ...(substances.length === 0 ? {} : { Stain: [...new Set(substances)].join(', ') }),
  };
}
