/** What of Web Storage is needed here. */
export type KeyValueStorage = Pick<Storage, 'getItem' | 'setItem'>;
