/** The frame of the pages before the door: mark, title, one form. */
import { Box, Center, Paper, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import mark from "@/favicon.svg";
import { LanguageMenu } from "./LanguageMenu";
import { useDocumentTitle } from "./Page";

export function Gate({ title, text, children }: { title: string; text: string; children: ReactNode }) {
  useDocumentTitle(title);
  return (
    <Box mih="100dvh" bg="var(--surface-sunken)" pos="relative">
      <Box pos="absolute" top={16} right={16}>
        <LanguageMenu />
      </Box>
      <Center component="main" mih="100dvh" p="md">
        <Stack w="100%" maw={400} gap="lg">
          <Stack gap={6} align="center">
            <img src={mark} alt="" width={40} height={40} />
            <Title order={1} ta="center" mt="xs">
              {title}
            </Title>
            <Text c="dimmed" ta="center">
              {text}
            </Text>
          </Stack>
          <Paper p="lg">{children}</Paper>
        </Stack>
      </Center>
    </Box>
  );
}
