/** The frame of a page: title, one line of what it is for, the primary button at the top right. */
import { Box, Group, Text, Title } from "@mantine/core";
import { useEffect, type ReactNode } from "react";

interface PageProps {
  title: string;
  description?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  maw?: number;
}

export function useDocumentTitle(title: string): void {
  useEffect(() => {
    document.title = title ? `${title} · Atelier` : "Atelier";
  }, [title]);
}

export function Page({ title, description, actions, children, maw = 1120 }: PageProps) {
  useDocumentTitle(title);
  return (
    <Box maw={maw} mx="auto" px={{ base: "md", sm: "xl" }} py={{ base: "md", sm: "xl" }} w="100%">
      <Box mb="lg">
        <Group justify="space-between" gap="xs" mih={36}>
          <Title order={1} flex="1 1 0" miw="min(100%, 6em)" style={{ overflowWrap: "anywhere" }}>
            {title}
          </Title>
          {actions && (
            <Group gap="xs" style={{ flex: "none" }}>
              {actions}
            </Group>
          )}
        </Group>
        {description && (
          <Text c="dimmed" mt={4}>
            {description}
          </Text>
        )}
      </Box>
      {children}
    </Box>
  );
}
