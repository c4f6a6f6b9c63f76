/** The folder belongs to a running process. */
export class StoreInUseError extends Error {
  readonly folder: string;
  constructor(folder: string, owner: string) {
    super(`store ${folder} is in use by ${owner}`);
    this.folder = folder;
  }
}

/** What the folder holds is not what was written to it. Nothing in it has been changed. */
export class StoreDamagedError extends Error {
  readonly folder: string;
  constructor(folder: string, fault: string) {
    super(
      `store ${folder} is damaged (${fault}); it has been left as it is: restore it from a backup, or start with another folder`,
    );
    this.folder = folder;
  }
}

/** The folder was written by a program that this one does not understand. */
export class StoreFormatError extends Error {
  readonly folder: string;
  constructor(folder: string, fault: string) {
    super(`store ${folder} cannot be used: ${fault}`);
    this.folder = folder;
  }
}
