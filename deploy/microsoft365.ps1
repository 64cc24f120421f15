<#
.SYNOPSIS
  Prints, or with -Apply makes, what Exchange Online needs to send mail through Postern and, with -WayIn, to have protected mail opened by it.

.DESCRIPTION
  The way out: one connector to the gateway and one rule that sends mail for people outside to it, with the secret header that proves the tenant
  (tenants[].proof.secretHeader). If the rule cannot be worked out the message waits (RuleErrorAction Defer): Exchange's own default would send it
  past the gateway.

  The way in (tenants[].opening): mail from outside that is signed or encrypted goes to the gateway by the same connector. It comes back to
  tenants[].inbound with X-Postern-Verdict, and with the return header (tenants[].opening.returnHeader), by which the rules know that it has been
  there: they let it pass, and remove that header. From all other mail they remove X-Postern-Verdict, which anybody can write.

  Rules are made disabled unless -Enable is given: look at them first, send a message by each, then enable them in their order.

  What this rests on: every cmdlet and parameter is in Microsoft's reference for Exchange Online (August 2026). It was NOT run, neither against a real
  tenant nor by a PowerShell at all. Begin without -Apply, and try each of these with a message of your own before you rely on it:
  - that a rule may look at the Content-Type of the message (otherwise use -MessageTypeMatches Signed and Encrypted, a rule for each; these know
    nothing of OpenPGP);
  - that rules see what those before them changed in the header, or do not: the order here is meant to hold either way;
  - that SetSCL -1 (Microsoft: a request to bypass most filtering, no more) is enough for what comes back. It comes from the gateway's address under the author's name, so SPF does not fit, and DKIM no longer
    fits what was opened. If it lands in the junk folder, see Enhanced Filtering for Connectors in Microsoft's documentation;
  - OpenPGP in the text itself, without MIME, has no Content-Type of its own and is not sent to the gateway.

.EXAMPLE
  Connect-ExchangeOnline
  ./microsoft365.ps1 -Gateway gw.postern.example -KeyFile ./secrets/corp-header
  ./microsoft365.ps1 -Gateway gw.postern.example -KeyFile ./secrets/corp-header -WayIn -ReturnFile ./secrets/corp-return -Apply
#>
[CmdletBinding()]
param(
  # Name in the gateway's certificate, and where it listens on port 25.
  [Parameter(Mandatory)] [string] $Gateway,
  # The same files as in the gateway's settings; the values are never printed.
  [Parameter(Mandatory)] [string] $KeyFile,
  [string] $KeyHeader = 'X-Postern-Key',
  [switch] $WayIn,
  [string] $ReturnFile,
  [string] $ReturnHeader = 'X-Postern-Return',
  [switch] $Enable,
  [switch] $Apply
)
$ErrorActionPreference = 'Stop'

function Read-Secret([string] $Path) {
  $value = (Get-Content -Raw -LiteralPath $Path).Trim()
  if ($value.Length -lt 20 -or $value -notmatch '^[A-Za-z0-9_=-]+$') {
    throw "$Path must hold one line of at least 20 letters and digits, such as 'openssl rand -hex 32' prints."
  }
  return $value
}

function Step([string] $Cmdlet, [hashtable] $With) {
  $shown = $With.GetEnumerator() | Sort-Object Name | ForEach-Object {
    $isSecret = $_.Name -in 'SetHeaderValue', 'HeaderContainsWords', 'ExceptIfHeaderContainsWords'
    "-$($_.Name) $(if ($isSecret) { '(secret)' } else { $_.Value -join ', ' })"
  }
  Write-Output "$Cmdlet $($shown -join ' ')"
  if ($Apply) { & $Cmdlet @With | Out-Null }
}

if ($WayIn -and -not $ReturnFile) { throw '-WayIn needs -ReturnFile: without it mail would go round for ever.' }
$key = Read-Secret $KeyFile
$connector = 'Postern'

Step 'New-OutboundConnector' @{
  Name = $connector; ConnectorType = 'OnPremises'; IsTransportRuleScoped = $true; UseMXRecord = $false
  SmartHosts = $Gateway; TlsSettings = 'DomainValidation'; TlsDomain = $Gateway; CloudServicesMailEnabled = $false
}

$place = 0
if ($WayIn) {
  $return = Read-Secret $ReturnFile
  if ($return -eq $key) { throw 'The two secrets must differ: one goes out with mail, the other comes back.' }
  # What has not been at the gateway says nothing in its name.
  Step 'New-TransportRule' @{
    Name = 'Postern 1: no verdict of others'; Priority = $place++; Enabled = [bool] $Enable; RuleErrorAction = 'Defer'
    RemoveHeader = 'X-Postern-Verdict'
    ExceptIfHeaderContainsMessageHeader = $ReturnHeader; ExceptIfHeaderContainsWords = $return
  }
  # Your own rules below this one wait: they see the message when it comes back, opened.
  Step 'New-TransportRule' @{
    Name = 'Postern 2: protected mail from outside'; Priority = $place++; Enabled = [bool] $Enable; RuleErrorAction = 'Defer'
    FromScope = 'NotInOrganization'; SentToScope = 'InOrganization'
    HeaderMatchesMessageHeader = 'Content-Type'
    HeaderMatchesPatterns = 'multipart/encrypted', 'multipart/signed', 'application/(x-)?pkcs7-mime'
    ExceptIfHeaderContainsMessageHeader = $ReturnHeader; ExceptIfHeaderContainsWords = $return
    SetHeaderName = $KeyHeader; SetHeaderValue = $key; RouteMessageOutboundConnector = $connector; StopRuleProcessing = $true
  }
  # After the rule above, which looks for it. Nobody is to learn the secret from a message in a mailbox.
  Step 'New-TransportRule' @{
    Name = 'Postern 3: back from the gateway'; Priority = $place++; Enabled = [bool] $Enable; RuleErrorAction = 'Defer'
    HeaderContainsMessageHeader = $ReturnHeader; HeaderContainsWords = $return
    RemoveHeader = $ReturnHeader; SetSCL = -1
  }
}

Step 'New-TransportRule' @{
  Name = 'Postern 4: mail for people outside'; Priority = $place++; Enabled = [bool] $Enable; RuleErrorAction = 'Defer'
  FromScope = 'InOrganization'; SentToScope = 'NotInOrganization'; ExceptIfMessageTypeMatches = 'OOF'
  SetHeaderName = $KeyHeader; SetHeaderValue = $key; RouteMessageOutboundConnector = $connector; StopRuleProcessing = $true
}

# winmail.dat says nothing to most programs, and hides attachments from them.
Step 'Set-RemoteDomain' @{ Identity = 'Default'; TNEFEnabled = $false }

Write-Output ''
if (-not $Apply) { Write-Output 'Nothing was changed. With -Apply it is done.' }
Write-Output "Then: Validate-OutboundConnector -Identity $connector -Recipients SOMEBODY@ELSEWHERE.EXAMPLE"
Write-Output "and:  Set-OutboundConnector -Identity $connector -IsValidated `$true"
