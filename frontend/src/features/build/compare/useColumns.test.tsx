/** The address follows the columns, and the columns follow an address that somebody else wrote. */
import { act, renderHook, waitFor } from "@testing-library/react";
import type { ReactNode } from "react";
import { MemoryRouter, useLocation, useNavigate } from "react-router";
import { expect, test } from "vitest";
import { firstColumns, readColumns, withColumn, writeColumns } from "./columns";
import { useColumns } from "./useColumns";

function useBoth() {
  return { ...useColumns(), location: useLocation(), navigate: useNavigate() };
}

const at = (address: string) => {
  const wrapper = ({ children }: { children: ReactNode }) => <MemoryRouter initialEntries={[address]}>{children}</MemoryRouter>;
  return renderHook(useBoth, { wrapper }).result;
};

test("what is changed stands in the address, several changes at once too, and the rest of it stays", async () => {
  const page = at("/build?pane=preview");
  expect(page.current.columns).toBeNull();
  act(() => page.current.open(firstColumns(2)));
  act(() => {
    page.current.change(withColumn);
    page.current.change((columns) => columns.map((column) => ({ ...column, conversation: `of ${column.key}` })));
  });
  await waitFor(() => expect(readColumns(page.current.location.hash)).toEqual(page.current.columns));
  expect(page.current.columns?.map((column) => column.conversation)).toEqual(["of A", "of B", "of C"]);
  expect(page.current.location.search).toBe("?pane=preview");
  act(() => page.current.close());
  await waitFor(() => expect(page.current.location.hash).toBe(""));
});

test("a link shows what its sender saw", async () => {
  const columns = firstColumns(7);
  const page = at(`/build${writeColumns(columns)}`);
  expect(page.current.columns).toEqual(columns);
  act(() => void page.current.navigate({ hash: writeColumns(withColumn(columns)) }));
  await waitFor(() => expect(page.current.columns).toHaveLength(3));
  act(() => void page.current.navigate({ hash: "" }));
  await waitFor(() => expect(page.current.columns).toBeNull());
});
