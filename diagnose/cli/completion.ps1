Register-ArgumentCompleter -Native -CommandName diagnose -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    # What stands before the cursor, each word in quotes of its own, so that no blank, backslash or backtick divides one.
    $before = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object {
        if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $_.Value } else { $_.Extent.Text }
    })
    $begun = "$wordToComplete" -replace '^[''"]|[''"]$', ''
    $words = @($before) + $begun | ForEach-Object { "'" + $_.Replace("'", "'""'""'") + "'" }
    # The option whose value is begun in the same word: --lang=z.
    $option = ''
    $value = $begun
    if ($begun -match '^(--[^=]+=)(.*)$') {
        $option = $Matches[1]
        $value = $Matches[2]
    }

    $asked = @{ _DIAGNOSE_COMPLETE = 'powershell_complete'; COMP_WORDS = $words -join ' '; COMP_CWORD = $before.Count }
    $saved = @{}
    foreach ($name in $asked.Keys) {
        $saved[$name] = [Environment]::GetEnvironmentVariable($name)
        [Environment]::SetEnvironmentVariable($name, $asked[$name])
    }
    try {
        $lines = @(& diagnose 2>$null)
    } finally {
        foreach ($name in $asked.Keys) { [Environment]::SetEnvironmentVariable($name, $saved[$name]) }
    }

    # Three lines for each: its kind, the word, what it is or an underscore.
    for ($i = 0; $i + 2 -lt $lines.Count; $i += 3) {
        $kind, $word, $help = $lines[$i..($i + 2)]
        if ($kind -eq 'plain') {
            if ($help -eq '_') { $help = $word }
            [System.Management.Automation.CompletionResult]::new("$option$word", $word, 'ParameterValue', $help)
        } else {
            Get-ChildItem -Path "$value*" -Directory:($kind -eq 'dir') -ErrorAction SilentlyContinue | ForEach-Object {
                $path = "$option$($_.FullName)"
                if ($path -match '[\s''"`&|;<>(){}@#,$]') { $path = "'" + $path.Replace("'", "''") + "'" }
                $type = if ($_.PSIsContainer) { 'ProviderContainer' } else { 'ProviderItem' }
                [System.Management.Automation.CompletionResult]::new($path, $_.Name, $type, $_.FullName)
            }
        }
    }
}
