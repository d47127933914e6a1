/** The parts that DICOM segmentations and bulk annotations have in common (PS3.3 A.51, A.87). */
import type { AnnotatedSlide } from './annotation-file.ts';
import { newUid, type DicomElement } from './dicom-encoding.ts';

const wholeSlideStorage = '1.2.840.10008.5.1.4.1.1.77.1.6';

/** What is exported with a DICOM file. */
export interface DicomContent {
  readonly slide: AnnotatedSlide;
  /** The storage class of the file. */
  readonly sopClass: string;
  readonly modality: 'SEG' | 'ANN';
  /** At most 16 capital letters, digits, spaces and underscores. */
  readonly label: string;
  readonly description: string;
  readonly date: Date;
}

/** What made an annotation that no person drew. */
export interface DicomAlgorithm {
  readonly name: string;
  readonly version: string;
}

/** The identification of an algorithm (PS3.3 10.16): a network. */
export const algorithmItem = ({ name, version }: DicomAlgorithm): readonly DicomElement[] => [
  [
    0x0066002f,
    'SQ',
    [
      [
        [0x00080100, 'SH', '123110'],
        [0x00080102, 'SH', 'DCM'],
        [0x00080104, 'LO', 'Artificial Intelligence'],
      ],
    ],
  ],
  [0x00660031, 'LO', shortText(version)],
  [0x00660036, 'LO', shortText(name)],
];

/** Whether a slide is a DICOM series that a file can refer to. */
export function isDicomSlide({ properties }: Pick<AnnotatedSlide, 'properties'>): boolean {
  return ['StudyInstanceUID', 'SeriesInstanceUID', 'SOPInstanceUID'].every(
    (name) => (properties[name] ?? '') !== '',
  );
}

/**
 * Patient (empty: slides are read without it), study, series, equipment, specimen (unknown), content, and the reference to the
 * slide's series.
 */
export function commonModules(content: DicomContent): DicomElement[] {
  const { slide, sopClass, modality, label, description, date } = content;
  const property = (name: string): string => slide.properties[name] ?? '';
  const iso = date.toISOString();
  const [day, time] = [iso.slice(0, 10).replaceAll('-', ''), iso.slice(11, 19).replaceAll(':', '')];
  const instances: DicomElement[] = [
    [0x00081150, 'UI', wholeSlideStorage],
    [0x00081155, 'UI', property('SOPInstanceUID')],
  ];
  return [
    [0x00080005, 'CS', 'ISO_IR 192'],
    [0x00080016, 'UI', sopClass],
    [0x00080018, 'UI', newUid()],
    [0x00080020, 'DA', ''],
    [0x00080023, 'DA', day],
    [0x00080030, 'TM', ''],
    [0x00080033, 'TM', time],
    [0x00080050, 'SH', ''],
    [0x00080060, 'CS', modality],
    [0x00080070, 'LO', 'Dualscope'],
    [0x00080090, 'PN', ''],
    [0x00081090, 'LO', 'Dualscope'],
    [
      0x00081115,
      'SQ',
      [
        [
          [0x0008114a, 'SQ', [instances]],
          [0x0020000e, 'UI', property('SeriesInstanceUID')],
        ],
      ],
    ],
    [0x00100010, 'PN', ''],
    [0x00100020, 'LO', ''],
    [0x00100030, 'DA', ''],
    [0x00100040, 'CS', ''],
    [0x00181000, 'LO', 'none'],
    [0x00181020, 'LO', 'Research use only'],
    [0x0020000d, 'UI', property('StudyInstanceUID')],
    [0x0020000e, 'UI', newUid()],
    [0x00200010, 'SH', ''],
    [0x00200011, 'IS', '1'],
    [0x00200013, 'IS', '1'],
    [0x00400512, 'LO', 'unknown'],
    [0x00400513, 'SQ', []],
    [0x00400518, 'SQ', []],
    [
      0x00400560,
      'SQ',
      [
        [
          [0x00400551, 'LO', 'unknown'],
          [0x00400554, 'UI', newUid()],
          [0x00400562, 'SQ', []],
          [0x00400610, 'SQ', []],
        ],
      ],
    ],
    [0x00700080, 'CS', label],
    [0x00700081, 'LO', shortText(description)],
    [0x00700084, 'PN', 'Dualscope^'],
  ];
}

/** The slide's full resolution as a reference. */
export function referencedImage(slide: AnnotatedSlide): readonly DicomElement[] {
  return [
    [0x00081150, 'UI', wholeSlideStorage],
    [0x00081155, 'UI', slide.properties.SOPInstanceUID ?? ''],
  ];
}

/** The category of all classes: tissue. What they are is the model's or the user's word, which no code list has. */
export const tissueCategory: readonly DicomElement[] = [
  [0x00080100, 'SH', '85756007'],
  [0x00080102, 'SH', 'SCT'],
  [0x00080104, 'LO', 'Tissue'],
];

/** A class as a code of this program's own. @param number from 1. */
export function classCode(number: number, name: string): readonly DicomElement[] {
  return [
    [0x00080100, 'SH', `class-${number}`],
    [0x00080102, 'SH', '99DUALSCOPE'],
    [0x00080104, 'LO', shortText(name)],
  ];
}

/** A text for LO: at most 64 characters, no backslash or control characters; never empty. */
export function shortText(text: string): string {
  const plain = Array.from(text.replaceAll(/[\\\p{Cc}\p{Cf}]/gu, ' ')).slice(0, 64);
  return plain.join('').trim() || 'unknown';
}
